package coreapi

// LimitPages makes the lists of c and its copies end sooner, since a list of 100,000 pages takes
// long with the race detector. It returns the limit that was there.
func LimitPages(c *Client, pages int) int {
	before := c.scope().maxPages
	c.scope().maxPages = pages
	return before
}
