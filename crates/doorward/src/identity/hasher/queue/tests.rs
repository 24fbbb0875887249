//! What the queue promises: bounds, fairness and no lost place.
