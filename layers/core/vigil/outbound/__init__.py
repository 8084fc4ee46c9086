"""The only sender of requests to vendors, webhooks and services in the VPC."""
