"""What must be true across the files of an installation; run by `make k8s-validate`."""
