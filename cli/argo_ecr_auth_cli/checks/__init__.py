"""What `doctor` can find, one function for each finding; by where it looks: AWS, the cluster, and what is in it."""
