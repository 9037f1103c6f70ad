"""Laws: how the time of an event depends on x. One file per law; each says what its constants mean in steps."""
