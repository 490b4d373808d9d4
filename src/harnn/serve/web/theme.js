/* Before anything is drawn: the theme that was chosen here, else that of the system. */
try {
  const theme = localStorage.getItem('harnn-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* storage is switched off: as the system */ }
