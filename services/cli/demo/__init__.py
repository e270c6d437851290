"""`demo`: a firm of stand-in systems, driven by its people, from won deals to paid invoices."""
