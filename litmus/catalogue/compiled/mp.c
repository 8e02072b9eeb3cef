/* Message passing: data behind a C11 atomic flag.

   clang --target=wasm32 -matomics -mbulk-memory -mmutable-globals -O1 -nostdlib -Wl,--no-entry,--export-all \
     -Wl,--import-memory,--shared-memory,--max-memory=131072 mp.c -o mp.wasm
   weft convert mp.wasm mp.wat */
int data;
_Atomic int flag;

void send(int value) {
  data = value;
  __c11_atomic_store(&flag, 1, __ATOMIC_RELEASE);
}

/* What was sent, or -1 where nothing has come yet. */
int receive(void) {
  if (!__c11_atomic_load(&flag, __ATOMIC_ACQUIRE))
    return -1;
  return data;
}
