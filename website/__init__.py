"""The documentation as a site: ``make docs`` builds ``site/`` from ``docs/`` and from the code."""
