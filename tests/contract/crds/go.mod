module mesh.local/contract/crds

go 1.26.2

require github.com/cert-manager/cert-manager v1.21.2
