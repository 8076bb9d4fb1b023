"""What poses over time look like: scenes of several sources, as a page, a picture or a film."""
