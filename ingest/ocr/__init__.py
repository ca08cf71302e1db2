"""Words of pages whose text layer will not do: which pages, what is read there, what is kept."""
