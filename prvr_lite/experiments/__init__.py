"""The paper's claims, measured: which experiments there are, running them, tables and figures."""
