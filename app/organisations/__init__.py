"""Groups, companies, universities and offices: their records, registrations and confirmation."""
