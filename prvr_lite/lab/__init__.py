"""What is measured: experiments, claims, tables and figures; the explorer and the demo."""
