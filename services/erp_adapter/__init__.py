"""Owns what the firm's ERP is told and what it holds: customers, projects, posted time, invoices, periods, rates."""
