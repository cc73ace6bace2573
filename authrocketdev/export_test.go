package authrocketdev

import "slices"

// Limit is a limit of its own: filling one by requests would take long.
type Limit struct{ *limit }

func NewLimit(perMinute int) Limit { return Limit{newLimit(perMinute)} }

func (l Limit) Add(key string) int {
	left, _ := l.add(key)
	return left
}

func (l Limit) Undo(key string) { l.undo(key) }

// SetMaxUsers lowers the number of users: adding the real one takes long.
func (s *Server) SetMaxUsers(n int) { s.maxUsers = n }

// CoreEndpoints returns all that the Core API can do, as GET /users/{id}.
func CoreEndpoints() (all []string) {
	for path, methods := range coreEndpoints {
		for method := range methods {
			all = append(all, method+" /"+path)
		}
	}
	slices.Sort(all)
	return all
}
