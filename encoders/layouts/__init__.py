"""Where on a page a model's visual tokens look: one file a way of laying them out."""
