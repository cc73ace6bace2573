package keycache

// Remembers reports whether id is remembered as unknown, or was a while ago.
func (c *Cache[K]) Remembers(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.unknown.entries[id]
	return ok
}
