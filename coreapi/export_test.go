package coreapi

// LimitPages lowers the page limit of c and its copies, because a list of 100,000 pages
// is slow under the race detector. It returns the previous limit.
func LimitPages(c *Client, pages int) int {
	before := c.scope().maxPages
	c.scope().maxPages = pages
	return before
}
