package webhook

// NewMemory returns the default Seen.
func NewMemory() Seen { return newMemory() }
