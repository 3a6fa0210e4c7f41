"""nexuslite: a private container registry in the manner of Sonatype Nexus Repository 3."""

__version__ = "0.1.0"
