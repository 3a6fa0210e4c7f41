"""Who may do what: users, realms, credentials, tokens and permissions."""
