/* A spinlock of C11 atomics around a plain counter.

   clang --target=wasm32 -matomics -mbulk-memory -mmutable-globals -O1 -nostdlib -Wl,--no-entry,--export-all \
     -Wl,--import-memory,--shared-memory,--max-memory=131072 spinlock.c -o spinlock.wasm
   weft convert spinlock.wasm spinlock.wat */
_Atomic int lock;
int counter;

static void acquire(void) {
  int unlocked;
  do
    unlocked = 0;
  while (!__c11_atomic_compare_exchange_strong(&lock, &unlocked, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

static void release(void) { __c11_atomic_store(&lock, 0, __ATOMIC_RELEASE); }

/* Adds n to the counter and returns what it was. */
int add(int n) {
  acquire();
  int old = counter;
  counter = old + n;
  release();
  return old;
}
