"""The words of the product: units, names, outcomes, evidence, findings, errors. Imports nothing above itself."""
