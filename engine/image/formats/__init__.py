"""Images in a file: archives of Docker and of OCI in and out, and root file systems made images.

load -> docker_archive | oci_archive -> drafts       what an archive says
        contents                                     what is in it, on disk until it is a blob
save                                                 the other way
import_                                              a root file system
"""
