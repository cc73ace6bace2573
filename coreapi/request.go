package coreapi

import "net/url"

// Request says on whose behalf a call is made. It contains the IP address of the person
// and the client (a User-Agent, for example). AuthRocket stores both with the events and
// the session that the call creates. See [Client.For].
type Request struct {
	IP     string `json:"ip,omitempty"`
	Client string `json:"client,omitempty"`
}

func (r Request) isZero() bool { return r == Request{} }

// query adds the request to the query of a DELETE, and returns the query.
func (r Request) query(query url.Values) url.Values {
	if r.isZero() {
		return query
	}
	if query == nil {
		query = url.Values{}
	}
	if r.IP != "" {
		query.Set(requestQueryIP, r.IP)
	}
	if r.Client != "" {
		query.Set(requestQueryClient, r.Client)
	}
	return query
}
