"""What is kept of calls: an audit record of each, the cards that were shown, and the feedback to them."""
