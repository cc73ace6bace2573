package sessionstate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
)

func BenchmarkCheckSession(b *testing.B) {
	for _, ended := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("ended=%d", ended), func(b *testing.B) {
			api := newCoreAPI()
			state := newState(b, sessionstate.Config{API: api.client(b)})
			for i := range ended {
				if err := state.End(b.Context(), hidden(fmt.Sprintf("kss_%d", i)), time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
			session := newUsers(b).session("kss_live")
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := state.CheckSession(b.Context(), session, 0); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
