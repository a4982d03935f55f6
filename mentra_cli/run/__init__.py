"""What ``mentra run`` consists of: an app in production, in this process or in several."""
