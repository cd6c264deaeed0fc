"""The checks of `doctor`, by where they look: the deployment, AWS, the cluster, and the objects in it."""
