// Package crds pins the modules whose custom resource definitions the contract tests install and whose programs they do not build.
package crds

// A package without imports of its own: what is wanted are the module's files, and no dependency of its programs.
import _ "github.com/cert-manager/cert-manager/pkg/apis/acme"
