// SPDX-License-Identifier: Apache-2.0
export default {
  base: './',
  logLevel: 'warn',
  esbuild: { jsx: 'automatic' },
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'window' },
  build: { outDir: process.env.KLE_OUT, emptyOutDir: true, minify: false, chunkSizeWarningLimit: 100000, reportCompressedSize: false },
};
