package authrocketdev

import "slices"

// Limit is a separate limit, because filling one with requests would be slow.
type Limit struct{ *limit }

func NewLimit(perMinute int) Limit { return Limit{newLimit(perMinute)} }

func (l Limit) Add(key string) int {
	left, _ := l.add(key)
	return left
}

func (l Limit) Undo(key string) { l.undo(key) }

// SetMaxUsers lowers the maximum number of users, because adding the real number is
// slow.
func (s *Server) SetMaxUsers(n int) { s.maxUsers = n }

// CoreEndpoints returns all calls of the Core API, for example GET /users/{id}.
func CoreEndpoints() (all []string) {
	for path, methods := range coreEndpoints {
		for method := range methods {
			all = append(all, method+" /"+path)
		}
	}
	slices.Sort(all)
	return all
}
