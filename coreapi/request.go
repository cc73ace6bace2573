package coreapi

import "net/url"

// Request says for whom a call is made: the address and the client, such as a
// User-Agent, of the person behind it. AuthRocket keeps both with the events that the
// call makes and the session that it starts. See [Client.For].
type Request struct {
	IP     string `json:"ip,omitempty"`
	Client string `json:"client,omitempty"`
}

func (r Request) isZero() bool { return r == Request{} }

// query is the request in the query of a DELETE.
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
