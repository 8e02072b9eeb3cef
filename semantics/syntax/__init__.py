"""Fig. 2: abstract syntax of concurrent WebAssembly. Frozen dataclasses without behaviour."""
