"""The only package that fetches a URL: http(s) only, public addresses only, everything bounded, off by default."""
