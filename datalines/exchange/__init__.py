"""A finished study in formats that other software reads, from receipts and manifests alone: Workflow Run RO-Crate,
Croissant, CODECHECK, and the fields of reproducibility checklists."""
