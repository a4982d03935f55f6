"""What the cloud shows on glasses: who may show, what is seen, and a picture of it."""
