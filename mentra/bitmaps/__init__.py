"""Pictures in the one format that glasses show: from files, bytes, Pillow images and rows, to a BMP of one bit."""
