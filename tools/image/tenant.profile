# Words for a tenant's kernel command line, against a host that turns stock defaults on it
# (docs/ATTESTATION.md, "The tenant profile").  corbel-verify warns when the measured command line
# lacks one.  One word a line.
panic=5
xen_blkfront.trusted=0
xen_netfront.trusted=0
sysctl.kernel.sysrq=0
