"""`bench`: how fast deals become projects and approved time reaches the ERP, measured against stand-ins."""
