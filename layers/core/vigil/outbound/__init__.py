"""The only way out of a function to vendors, webhooks and services in the VPC."""
