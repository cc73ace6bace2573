package loginrocketdev

// Limit is a limit of its own: filling one by requests would take long.
type Limit struct{ *limit }

func NewLimit(perMinute int) Limit { return Limit{newLimit(perMinute)} }

func (l Limit) Add(key string) int {
	left, _ := l.add(key)
	return left
}

func (l Limit) Undo(key string) { l.undo(key) }
