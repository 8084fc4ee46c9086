"""The dashboard of operators: one table of panels, from which CloudWatch's and Grafana's forms are generated."""
