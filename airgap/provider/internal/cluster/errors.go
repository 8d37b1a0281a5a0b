package cluster

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// budget is how long something that is expected to pass is retried.
const budget = 60 * time.Second

// Unreachable tells that the request did not get to an API server that could answer it.
func Unreachable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return false
	}
	// Every failure below HTTP arrives in a url.Error; a timeout outside of one is that of somebody who waited.
	var request *url.Error
	return errors.As(err, &request) || utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) ||
		strings.Contains(err.Error(), "connection refused")
}

// Transient tells that the same request may well succeed in a moment: an API server that restarts, or an admission webhook whose
// Service does not answer yet although its pod is ready.
func Transient(err error) bool {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case Unreachable(err) && !strings.Contains(err.Error(), "x509: "):
		return true
	case apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err), apierrors.IsServerTimeout(err), apierrors.IsTimeout(err):
		return true
	}
	message := err.Error()
	if strings.Contains(message, "failed calling webhook") {
		for _, sign := range []string{
			"connection refused", "no endpoints available", "EOF", "deadline exceeded", "i/o timeout", "no route to host", "connection reset",
			"x509: ", "not found",
		} {
			if strings.Contains(message, sign) {
				return true
			}
		}
	}
	for _, sign := range []string{
		"etcdserver: leader changed", "etcdserver: request timed out",
		// The client gives up beforehand where its turn would come after the caller's deadline: that is for the caller to say.
		"would exceed context deadline",
	} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}

// NotYet tells that something another resource makes is missing: the kind, or the namespace.
func NotYet(err error) bool {
	return meta.IsNoMatchError(err) || MissingNamespace(err) || apierrors.HasStatusCause(err, "NamespaceTerminating")
}

// MissingNamespace tells that the object's namespace does not exist.
func MissingNamespace(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsNotFound(err) {
		return false
	}
	details := status.Status().Details
	return details != nil && details.Kind == "namespaces"
}

// Retry repeats what fails for a passing reason, with growing pauses and for a bounded time; say is told why.
func Retry(ctx context.Context, say func(string), attempt func() error) error {
	deadline := time.Now().Add(budget)
	patience := time.Now().Add(15 * time.Second)
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 3*time.Second) {
		err := attempt()
		again := Transient(err) && time.Now().Before(deadline) || NotYet(err) && time.Now().Before(patience)
		if !again {
			return err
		}
		say("trying again: " + err.Error())
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}
