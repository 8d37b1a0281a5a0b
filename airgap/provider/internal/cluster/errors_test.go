package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"mesh.local/airgap/provider/internal/cluster"
)

func TestErrorsThatPass(t *testing.T) {
	refused := &url.Error{Op: "Get", URL: "https://x", Err: syscall.ECONNREFUSED}
	for _, test := range []struct {
		err                    error
		unreachable, transient bool
	}{
		{nil, false, false},
		{refused, true, true},
		{fmt.Errorf("wrapped: %w", refused), true, true},
		{&url.Error{Op: "Get", URL: "https://x", Err: errors.New("x509: certificate signed by unknown authority")}, true, false},
		{&url.Error{Op: "Get", URL: "https://x", Err: context.Canceled}, false, false},
		// Somebody's time to wait is over: waiting again would not end.
		{context.DeadlineExceeded, false, false},
		{errors.New("client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"), false, true},
		{apierrors.NewServiceUnavailable("starting"), false, true},
		{apierrors.NewTooManyRequests("slow down", 1), false, true},
		{apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "x"), false, false},
		{apierrors.NewInternalError(errors.New(`failed calling webhook "v.istio.io": dial tcp 10.0.0.1:443: connect: connection refused`)), false, true},
		{apierrors.NewInternalError(errors.New(`failed calling webhook "v.istio.io": no endpoints available for service "istiod"`)), false, true},
		{apierrors.NewBadRequest(`admission webhook "v.istio.io" denied the request: bad`), false, false},
	} {
		if got := cluster.Unreachable(test.err); got != test.unreachable {
			t.Errorf("Unreachable(%v) is %v", test.err, got)
		}
		if got := cluster.Transient(test.err); got != test.transient {
			t.Errorf("Transient(%v) is %v", test.err, got)
		}
	}
}
