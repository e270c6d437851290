"""Owns what the firm's CRM tells and is shown: clients, won opportunities, and how their engagements fare."""
