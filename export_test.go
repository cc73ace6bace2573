package authrocket

// KnownTokens returns how many verified tokens a keeps, so that tests can hold
// that the cache is bounded and that nothing else gets into it.
func KnownTokens(a *Auth) int { return a.verifier.known.Len() }
