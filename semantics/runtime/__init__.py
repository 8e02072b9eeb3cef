"""Fig. 3: the runtime structure: values, locations, actions, objects, frames and administrative instructions."""
