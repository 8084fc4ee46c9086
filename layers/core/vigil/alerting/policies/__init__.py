"""Policies, routes and silences of a tenant, which select the receivers of its alerts."""
