"""Operations: health checks and dead letters."""
