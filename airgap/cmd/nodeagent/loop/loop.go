// Package loop makes things as they should be, again and again: it keeps no state but the API server's.
package loop

import (
	"context"
	"log"
	"time"

	"k8s.io/client-go/tools/cache"
)

// resync is how often everything is compared although nothing was announced: somebody else may have changed the node.
const resync = 30 * time.Second

// Run calls apply once what the informers watch is known, after each change of it, and every half minute, until ctx is
// done. An error is logged and the next call tries again.
func Run(ctx context.Context, apply func(context.Context) error, informers ...cache.SharedInformer) {
	changed := make(chan struct{}, 1)
	announce := func() {
		select {
		case changed <- struct{}{}:
		default: // one call is already due
		}
	}
	for _, informer := range informers {
		// The only error is an informer that has stopped, and these have not started.
		_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { announce() },
			UpdateFunc: func(any, any) { announce() },
			DeleteFunc: func(any) { announce() },
		})
		go informer.RunWithContext(ctx)
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return
		}
	}
	ticker := time.NewTicker(resync)
	defer ticker.Stop()
	for {
		if err := apply(ctx); err != nil && ctx.Err() == nil {
			log.Printf("not yet as it should be: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
		}
	}
}
